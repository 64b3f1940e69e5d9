"""The page as Gradio gets it."""

import pytest

pytest.importorskip("gradio")


def test_the_page_sends_nothing_and_offers_no_interface_for_programs(workshop):
    from webpage.layout import build

    page = build(workshop)
    assert page.analytics_enabled is False
    assert page.get_api_info()["named_endpoints"] == {}


def test_every_style_that_ships_can_be_chosen(workshop):
    from webpage.layout import build

    (styles,) = (block for block in build(workshop).blocks.values() if block.elem_id == "styles")
    assert [picture["name"] for picture in styles.props["pictures"]] == ["rain", "wheat", "whirls"]
    assert styles.value == "rain"
