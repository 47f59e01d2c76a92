"""The view of many masks: each has its switch, and the picture stays in sight while they are switched."""

from __future__ import annotations

import numpy as np
import pytest

from core.media import png_of_mask
from core.ui.outputs import VIEWS
from core.ui.outputs.masks import MANY
from core.values import Mask, Masks

HALF = np.zeros((30, 40), np.bool_)
HALF[:15] = True


@pytest.mark.parametrize("count", [MANY, MANY + 1, 30])
def test_every_mask_has_a_switch_of_its_own_and_a_long_list_scrolls(count: int) -> None:
    several = tuple(Mask(label=f"part {at}", area=0.5, mask=png_of_mask(HALF)) for at in range(count))
    view = VIEWS[Masks](Masks(width=40, height=30, masks=several), None)
    assert view.count('type="checkbox"') == count + 1
    for at in range(count):
        assert f".pd-masks:has(.pd-k{at}:not(:checked)) .pd-m{at}{{display:none}}" in view
    assert ("pd-many" in view) == (count > MANY)
