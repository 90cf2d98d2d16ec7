"""Joint source-channel coding: the air as a Keras layer, and what to measure it by."""

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
from .over_air import OverAir as OverAir
