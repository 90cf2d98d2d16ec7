"""A rule that sends a scale beside says which grant has room for it."""

import pytest

from overair.ota import Analog, Identity, Terms
from overair.phy import Air, Grid, Rayleigh, TruncatedInversion
from overair.phy.power.individual import Individual


def test_one_element_more_than_the_data_take_is_asked_for_by_its_field() -> None:
    air = Air(Grid(), Rayleigh(), 4)
    Analog(Identity(), TruncatedInversion()).check(Terms(air, 650, 325))
    Analog(Identity(), Individual()).check(Terms(air, 650, 326))
    with pytest.raises(ValueError) as caught:
        Analog(Identity(), Individual()).check(Terms(air, 650, 325))
    assert str(caught.value) == (
        "grant.elements: expected at least 326 resource elements for this codec and 650 parameters, one of them for "
        "the scale that this rule sends beside, received 325; set grant.elements = 326"
    )
