"""Images over the air: transmissions, their training, the ways of sending compared, and what they must beat."""

from ..over_air.layer import OverAir as OverAir
from .evaluation import Curve as Curve
from .evaluation import curve as curve
from .evaluation import reconstructions as reconstructions
from .klt import Klt as Klt
from .linear import Linear as Linear
from .metrics import MeanPsnr as MeanPsnr
from .metrics import Psnr as Psnr
from .metrics import mean_psnr as mean_psnr
from .metrics import ms_ssim as ms_ssim
from .metrics import mse as mse
from .metrics import psnr as psnr
from .metrics import psnr_of_mean as psnr_of_mean
from .metrics import ssim as ssim
from .saved import load as load
from .training import root_mean_square as root_mean_square
from .training import train as train
from .transmission import Transmission as Transmission
