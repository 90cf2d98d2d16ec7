"""The digital rival of images: what fits is seen, what is lost is the mean colour, and published curves are met."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overair.learning.data.files import local_folder
from overair.ota.image_links import ImageLinks
from overair.ota.images.avif import Avif
from overair.ota.images.jpeg import Jpeg
from overair.ota.images.webp import Webp
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.mcs import Mcs
from overair.ota.rates.outage import Outage
from overair.ota.separate import Separate
from overair.phy import Air, Awgn, ErrorVariance, Estimated, Grid, PhaseNoise, Rayleigh, Tdl, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
KEY = keys.key(3)
AIR = Air(Grid(), Awgn(), 1)


def images(count: int, size: int = 32) -> np.ndarray:
    """Soft shapes of several colours."""
    rng = np.random.default_rng(count)
    y, x = np.mgrid[:size, :size] / 8.0
    turns = rng.uniform(-1, 1, [count, 3, 3])[..., None, None]
    waves = 60 * np.sin(turns[:, :, 0] * x + turns[:, :, 1] * y + 3 * turns[:, :, 2])  # [B, 3, H, W]
    base = rng.uniform(80, 170, [count, 3, 1, 1])
    return np.clip((base + waves).transpose(0, 2, 3, 1) + rng.normal(0, 4, [count, size, size, 3]), 0, 255).astype(
        np.uint8
    )


def psnr(error: np.ndarray) -> np.ndarray:
    return -10 * np.log10(error)


# --- What fits is seen


def test_capacity_over_awgn_is_the_best_file_under_the_shannon_limit() -> None:
    """Found again with Pillow alone, from all qualities."""
    some, codec = images(3), Jpeg()
    received = Separate(codec).run(some, 1024, [9.0, 14.0], KEY, keep=len(some))
    assert np.all(received.fits & received.crc_ok) and not received.lost.any()
    for row, snr_db in enumerate((9.0, 14.0)):
        limit = 1024 * np.log2(1 + 10 ** (snr_db / 10))
        np.testing.assert_allclose(received.bits_available[row], limit, rtol=1e-6)
        for place, image in enumerate(some):
            files = [codec.encode(image, quality) for quality in range(1, 101)]
            best = next(file for file in reversed(files) if 8 * len(file) <= limit)
            assert received.bits[row, place] == 8 * len(best)
            seen = codec.decode(best)
            np.testing.assert_array_equal(received.images[row, place], seen)
            error = np.mean((seen / 255.0 - image / 255.0) ** 2)
            np.testing.assert_allclose(received.error[row, place], error, rtol=1e-6)


def test_more_snr_is_a_better_picture_and_payloads_buy_more_than_files() -> None:
    some = images(4)
    for codec in (Jpeg(), Webp(2), Avif(speed=10)):
        file, payload = (Separate(codec, count=count).run(some, 1024, [4.0, 8.0, 12.0], KEY) for count in COUNTS)
        for each in (file, payload):
            assert np.all(np.diff(each.error.mean(axis=1)) < 0)
        assert np.all(payload.error.mean(axis=1) < file.error.mean(axis=1))


COUNTS: tuple[Any, ...] = ("file", "payload")


def test_a_mosaic_is_one_file_of_which_each_image_owns_a_share() -> None:
    some, codec = images(8), Webp(2)
    received = Separate(codec, mosaic=2).run(some, 300, [6.0], KEY, keep=len(some))
    for start in (0, 4):
        a, b, c, d = some[start : start + 4]
        picture = np.concatenate([np.concatenate([a, b], 1), np.concatenate([c, d], 1)], 0)
        limit = 4 * 300 * np.log2(1 + 10**0.6)
        file = max(
            (codec.encode(picture, quality) for quality in range(101)), key=lambda f: (8 * len(f) <= limit, len(f))
        )
        assert np.all(received.bits[0, start : start + 4] == 2 * len(file))
        seen = codec.decode(file)
        np.testing.assert_array_equal(received.images[0, start], seen[:32, :32])
        np.testing.assert_array_equal(received.images[0, start + 1], seen[:32, 32:])
        np.testing.assert_array_equal(received.images[0, start + 2], seen[32:, :32])


def test_where_nothing_fits_the_mean_colour_is_seen_and_it_says_so() -> None:
    some = images(4)
    received = Separate(Jpeg()).run(some, 100, [0.0, 40.0], KEY, keep=len(some))  # 100 bits, and 1,329
    np.testing.assert_array_equal(received.fits[0], False)
    np.testing.assert_array_equal(received.bits[0], 0)
    assert received.lost[0] == 1
    mean = np.round(some.mean(axis=(1, 2), keepdims=True))
    np.testing.assert_array_equal(received.images[0], np.broadcast_to(mean, some.shape))
    expected = np.mean((some / 255.0 - mean / 255.0) ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(received.error[0], expected, rtol=1e-5)
    np.testing.assert_allclose(received.error[0], some.astype(float).var(axis=(1, 2)).mean(axis=1) / 255**2, rtol=1e-2)

    of_all = Separate(Jpeg(), colour="set").run(some, 100, [0.0], KEY, keep=len(some))
    np.testing.assert_array_equal(
        of_all.images, np.broadcast_to(np.round(some.mean(axis=(0, 1, 2))), of_all.images.shape)
    )
    assert np.all(of_all.error > received.error[0])


def test_lost_images_are_lost_alone_even_in_a_mosaic() -> None:
    some = images(100)
    air = Air(GRID, Rayleigh(), 1)
    received = Separate(Jpeg(), Outage(0.3), mosaic=5).run(some, 512, [18.0], KEY, air, keep=len(some))
    assert np.all(received.fits)
    assert abs(received.lost[0] - 0.3) < 4.5 * (0.3 * 0.7 / 100) ** 0.5
    mean = np.round(some.mean(axis=(1, 2), keepdims=True))
    plain = np.all(received.images[0] == mean, axis=(1, 2, 3))
    np.testing.assert_array_equal(plain, ~received.crc_ok[0])
    assert received.error[0, plain].mean() > 3 * received.error[0, ~plain].mean()


# --- Links


def test_noise_alone_has_the_power_asked_for_in_both_of_its_parts() -> None:
    snrs, count = np.array([-3.0, 4.0, 11.0]), 900
    way = ImageLinks(Air(GRID, Awgn(), 1), snrs, count, KEY)
    expected = 10 ** (-snrs / 10)
    for field in ("believed", "snr"):
        np.testing.assert_allclose(getattr(way.share, field), np.repeat(1 / expected[:, None], count, 1), rtol=1e-5)
    x = keys.complex_normal(keys.key(9), [3, count])
    heard, power = way.send(x, 0)
    noise = (heard - x).numpy()
    np.testing.assert_allclose(np.broadcast_to(power, [3, count])[:, 0], expected, rtol=1e-5)
    for part in (noise.real, noise.imag):
        assert np.all(np.abs(part.var(axis=1) / (expected / 2) - 1) < 4.5 * (2 / count) ** 0.5)
    assert np.abs(np.corrcoef(way.send(x, 1)[0][0] - x[0], noise[0])[0, 1]) < 4.5 / count**0.5


def test_the_staircase_over_noise_alone_is_what_is_sent_where_no_air_is_given() -> None:
    some, rate = images(16), Mcs()
    rival = Separate(Webp(2), rate, mosaic=2)
    given, none = rival.run(some, 512, [-15.0, 0.0, 5.0], KEY, AIR), rival.run(some, 512, [-15.0, 0.0, 5.0], KEY)
    np.testing.assert_array_equal(given.error, none.error)
    np.testing.assert_array_equal(given.bits_available, none.bits_available)
    assert given.lost[0] == 1 and np.all(given.lost[1:] < 0.2)


@pytest.mark.parametrize(
    "air", [Air(GRID, Rayleigh(), 1, 2), Air(GRID, Tdl("A", 300e-9), 1)], ids=["flat", "selective"]
)
def test_the_share_is_what_the_air_does_to_symbols(air: Air) -> None:
    """With perfect CSI: the noise that is left has the power that is told, and the symbol no gain but one."""
    way = ImageLinks(air, np.full(40, 5.0), 600, KEY)
    x = keys.complex_normal(keys.key(9), [40, 600])
    heard, power = way.send(x, 0)
    np.testing.assert_allclose(power, 1 / way.share.snr, rtol=1e-4)
    np.testing.assert_allclose(way.share.gain, 1, atol=1e-4)
    ratio = np.abs((heard - x).numpy()) ** 2 / power.numpy()  # exponential of mean one
    assert abs(ratio.mean() - 1) < 4.5 / ratio.size**0.5


@pytest.mark.parametrize("knows", [ErrorVariance(0.1), Estimated("lmmse", comb=1)], ids=["error_variance", "estimated"])
def test_what_the_receiver_does_not_know_is_noise_of_the_power_told(knows: Any) -> None:
    """On average over images: E|z - x|^2 |g|^2 = N0 + e, with the mean error power e."""
    way = ImageLinks(Air(GRID, Rayleigh(), 1, csir=knows), np.full(800, 5.0), 60, KEY)
    x = keys.complex_normal(keys.key(9), [800, 60])
    heard, power = way.send(x, 0)
    ratio = (np.abs((heard - x).numpy()) ** 2 / power.numpy()).mean(axis=1)
    assert abs(ratio.mean() - 1) < 4.5 * ratio.std() / 800**0.5
    known = way.share.known.numpy()
    np.testing.assert_allclose(power.numpy(), 1 / known, rtol=1e-3)
    assert np.mean(known < ImageLinks(Air(GRID, Rayleigh(), 1), np.full(800, 5.0), 60, KEY).share.known) > 0.5


@pytest.mark.parametrize("knows", [ErrorVariance(0.1), Estimated("lmmse", comb=1)], ids=["error_variance", "estimated"])
def test_who_knows_the_channel_as_the_receiver_does_is_told_what_that_can_decode(knows: Any) -> None:
    air = Air(GRID, Tdl("A", 300e-9), 1, csit=knows, csir=knows)
    way = ImageLinks(air, np.full(50, 10.0), 64, KEY, "link")
    np.testing.assert_array_equal(way.share.believed, way.share.known)
    alone = ImageLinks(Air(GRID, Tdl("A", 300e-9), 1, csit=knows), np.full(50, 10.0), 64, KEY, "link")
    assert not np.allclose(alone.share.believed, alone.share.known)
    arrives = Separate(Jpeg(), belief="link", count="payload").run(images(50), 512, [10.0], KEY, air).crc_ok
    assert knows == ErrorVariance(0.1) or np.all(arrives)


def test_images_have_channels_of_their_own_and_a_key_repeats_them() -> None:
    some, air = images(60), Air(GRID, Rayleigh(), 1)
    rival = Separate(Jpeg(), Capacity(), belief="link")
    one, again = (rival.run(some, 512, [10.0], keys.key(1), air) for _ in range(2))
    other = rival.run(some, 512, [10.0], keys.key(2), air)
    np.testing.assert_array_equal(one.error, again.error)
    assert len(set(one.bits_available[0].tolist())) == 60 and not set(one.bits_available[0]) & set(
        other.bits_available[0]
    )
    assert np.all(one.crc_ok)  # who knows the channel never sends too much
    gains = (2 ** (one.bits_available[0] / 512) - 1) / 10
    assert abs(gains.mean() - 1) < 4.5 / 60**0.5
    at_mean = Separate(Jpeg(), margin_db=0.0).run(some, 512, [10.0], keys.key(1), air)
    np.testing.assert_array_equal(at_mean.crc_ok[0], gains >= 1)


def test_all_snrs_see_the_same_channels_and_images_may_have_snrs_of_their_own() -> None:
    some, air = images(6), Air(GRID, Rayleigh(), 1)
    rival = Separate(Jpeg(), belief="link")
    apart = np.array([[0.0, 3.0, 6.0, 9.0, 12.0, 15.0]])
    mixed = rival.run(some, 512, apart, KEY, air)
    for place in range(6):
        same = rival.run(some, 512, apart[0, place : place + 1], KEY, air)
        np.testing.assert_allclose(mixed.bits_available[0, place], same.bits_available[0, place], rtol=1e-5)
        np.testing.assert_allclose(mixed.error[0, place], same.error[0, place], rtol=1e-6)


def test_retransmissions_rescue_faded_images_and_are_counted() -> None:
    some, air = images(80), Air(GRID, Rayleigh(), 1)
    rivals = (Separate(Jpeg(), Mcs(count), count="payload", margin_db=0.0) for count in (0, 3))
    once, more = (rival.run(some, 512, [12.0], KEY, air) for rival in rivals)
    assert np.all(once.crc_ok <= more.crc_ok) and more.lost[0] < 0.5 * once.lost[0]
    np.testing.assert_array_equal(once.uses, 512)
    np.testing.assert_array_equal(more.uses[once.crc_ok], 512)
    assert set(more.uses[~once.crc_ok].tolist()) <= {1024.0, 1536.0, 2048.0}


def test_an_estimated_channel_loses_more_than_a_known_one() -> None:
    some = images(60)
    airs = (Air(GRID, Rayleigh(), 1, csir=ErrorVariance(e)) for e in (0.0, 0.2))
    lost = [Separate(Webp(2), Mcs(), margin_db=0.0).run(some, 512, [8.0], KEY, air).lost[0] for air in airs]
    assert lost[1] > lost[0] + 0.1


def test_packets_pass_waveforms_with_phase_noise() -> None:
    some, air = images(2), Air(GRID, Awgn(), 1, impairments=(PhaseNoise(20.0),))
    assert not air.orthogonal
    assert np.all(Separate(Jpeg(), Mcs(), count="payload").run(some, 512, [12.0], KEY, air).crc_ok)
    with pytest.raises(
        ValueError, match=r"^air: expected the frequency domain .* received the time domain; take rate = mcs"
    ):
        Separate(Jpeg()).run(some, 512, [12.0], KEY, air)


# --- Bad input


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": np.zeros([2, 8, 8, 3], np.float32)}, "uint8"),
        ({"images": np.zeros([8, 8, 3], np.uint8)}, "shape"),
        ({"images": np.zeros([2, 8, 8, 1], np.uint8)}, "shape"),
        ({"elements": 0}, "elements"),
        ({"elements": 2.5}, "elements"),
        ({"snr_db": [np.nan]}, "snr_db"),
        ({"snr_db": [np.inf]}, "snr_db"),
        ({"snr_db": 5.0}, "snr_db"),
        ({"snr_db": [[1.0, 2.0, 3.0]]}, "snr_db"),
        ({"air": Air(GRID, Awgn(), 2)}, "air.devices"),
    ],
    ids=["float", "one image", "grey", "nothing", "half", "nan", "infinite", "scalar", "three for two", "two devices"],
)
def test_bad_input_is_refused_in_a_line(change: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"images": images(2), "elements": 512, "snr_db": [5.0], "key": KEY, "air": AIR}
    with pytest.raises(ValueError, match=rf"{words}.*received|expected .*{words}") as caught:
        Separate(Jpeg()).run(**good | change)
    assert "\n" not in str(caught.value)


def test_images_that_fill_no_mosaic_and_schemes_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a multiple of 4, .* received 6; take 4"):
        Separate(Jpeg(), mosaic=2).run(images(6), 512, [5.0], KEY)
    wrongs: list[dict[str, Any]] = [
        {"codec": "bpg"},
        {"rate": "best"},
        {"mosaic": 0},
        {"count": "most"},
        {"spelt_wrong": 1},
    ]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Separate(**wrong)
    with pytest.raises(ValueError, match=r"belief: expected mean with rate = outage, received link"):
        Separate(rate=Outage(), belief="link")


# --- Published curves, on CIFAR-10


def cifar(count: int) -> np.ndarray:
    """The first images of CIFAR-10's test set."""
    folder = local_folder("cifar-10-batches-bin")
    if folder is None or not (Path(folder) / "test_batch.bin").exists():
        pytest.skip("needs cifar-10-batches-bin in $OVERAIR_DATA")
    records = np.fromfile(Path(folder) / "test_batch.bin", np.uint8, 3073 * count).reshape(count, 3073)
    return np.ascontiguousarray(records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


SNRS = [0.0, 5.0, 10.0, 15.0]
BPG_CAPACITY = [24.13, 28.24, 31.59, 34.54]
BPG_LDPC = [22.26, 25.43, 29.73, 32.83]


def mean_psnr(error: np.ndarray) -> np.ndarray:
    return psnr(error).mean(axis=1)


def test_a_mosaic_of_the_test_set_is_near_the_published_curve_at_capacity() -> None:
    received = Separate(Avif(), mosaic=10).run(cifar(100), 512, SNRS, KEY)
    np.testing.assert_allclose(mean_psnr(received.error), BPG_CAPACITY, atol=0.5)


def test_a_mosaic_of_the_test_set_is_near_the_published_staircase() -> None:
    received = Separate(Avif(), Mcs(), mosaic=10).run(cifar(100), 512, SNRS[::2], KEY)
    np.testing.assert_allclose(mean_psnr(received.error), BPG_LDPC[::2], atol=0.5)


@pytest.mark.slow
def test_avif_at_capacity_is_bpg_at_capacity() -> None:
    """On mosaics of 100 at k/n = 1/6, within 0.5 dB by either average of PSNR."""
    received = Separate(Avif(), mosaic=10).run(cifar(2000), 512, SNRS, KEY)
    assert np.all(received.fits & received.crc_ok) and np.all(received.bits <= received.bits_available)
    np.testing.assert_allclose(mean_psnr(received.error), BPG_CAPACITY, atol=0.5)
    np.testing.assert_allclose(psnr(received.error.mean(axis=1)), BPG_CAPACITY, atol=0.5)


@pytest.mark.slow
def test_the_mode_of_the_best_expected_quality_is_better_than_that_of_any_target() -> None:
    """On 2,000 images by the mean squared error; less is lost than a target allows, beyond doubt."""
    count, some = 2000, cifar(2000)
    best = Separate(Avif(), Mcs(), mosaic=10).run(some, 512, SNRS, KEY)
    for target in (0.001, 0.02, 0.1):
        other = Separate(Avif(), Mcs(target_bler=target), mosaic=10, mode_by="target").run(some, 512, SNRS, KEY)
        assert np.all(other.lost < target + 4.5 * (target * (1 - target) / count) ** 0.5)
        apart = best.error - other.error  # [S, B]
        assert np.all(apart.mean(axis=1) <= 4.5 * apart.std(axis=1) / count**0.5)  # equal where modes are the same


def test_every_transmission_learns_its_channel_by_pilots_of_its_own() -> None:
    some, air = images(20), Air(GRID, Rayleigh(), 1, csir=Estimated("linear"))
    once = 512 + air.pilots  # one packet
    again = Separate(Jpeg(), Mcs(2), count="payload", margin_db=0.0).run(some, 512, [12.0], KEY, air).uses
    assert air.pilots > 0 and set(again.ravel().tolist()) == {once, 2 * once, 3 * once}
    np.testing.assert_array_equal(Separate(Jpeg(), count="payload").run(some, 512, [12.0], KEY, air).uses, once)


def test_who_counts_on_a_fixed_snr_codes_for_it_and_loses_everything_below() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    fixed = Separate(Webp(), design_db=10.0).run(images, 512, [9.9, 10.0, 20.0], KEY)
    told = Separate(Webp()).run(images, 512, [10.0], KEY)
    assert not fixed.crc_ok[0].any() and fixed.crc_ok[1:].all()
    np.testing.assert_array_equal(fixed.bits_available, np.repeat(told.bits_available, 3, axis=0))
    np.testing.assert_array_equal(fixed.error[1:], np.repeat(told.error, 2, axis=0))
