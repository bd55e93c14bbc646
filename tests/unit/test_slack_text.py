"""Slack's notation and blocks become Markdown."""

from typing import Any

import pytest
from ferryman.formats import slack_blocks, slack_text
from ferryman.formats.slack_blocks import InvalidBlocks

ADA = {"U1": "ada"}


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("<!channel> <!here> <!all> <!everyone>", "@channel @here @all @all"),
        ("<!here|here> <!channel|@the\tchannel>", "@here @channel"),
        ("<!here|a\nb> <!nobody> <!Here>", "<!here|a\nb> <!nobody> <!Here>"),
        ("<@U1>: <@U2> <@> <@U-1>", "@ada: <@U2> <@> <@U-1>"),
        (
            "<https://a.example/1|one>, <https://a.example/2|two>",
            "[one](https://a.example/1), [two](https://a.example/2)",
        ),
        ("<https://a.example>", "<https://a.example>"),
        ("<https://a.example|a\nb> <|x> <x|>", "<https://a.example|a\nb> <|x> <x|>"),
        ("<!date^1|a> <https://a.example|<b>", "[a](!date^1) [<b](https://a.example)"),
        ("1 < 2 & 3 > 2 &lt;", "1 < 2 & 3 > 2 &lt;"),
        ("", ""),
    ],
)
def test_notation_becomes_markdown(text: str, markdown: str) -> None:
    assert slack_text.converted(text, ADA) == markdown


def test_a_label_has_several_lines_in_attachments_only() -> None:
    linked = "<https://a.example|a\nb>"
    assert slack_text.converted(linked, {}, loose=True) == "[a\nb](https://a.example)"
    assert slack_text.converted(linked, {}) == linked
    assert slack_text.converted("<a\nb|c> <d<e|f>", {}, loose=True) == "[c](a\nb) <d[f](e)"


def test_entities_are_undone_once_and_after_everything_else() -> None:
    text = "&lt;@U1&gt; &amp;lt; &quot; <https://a.example?a&amp;b|x>"
    assert slack_text.converted(text, ADA, escaped=True) == "<@U1> &lt; &quot; [x](https://a.example?a&b)"
    assert slack_text.unescaped("&amp;&amp; &gt") == "&& &gt"


def test_the_people_of_a_text_are_its_ids() -> None:
    assert slack_text.people("<@U1> and <@u2|x> <@U3> @U4 <@U1>") == {"U1", "U3"}
    assert slack_text.people("@ada") == set()


@pytest.mark.parametrize(
    ("block", "markdown"),
    [
        ({"type": "header", "text": {"type": "plain_text", "text": "Build"}}, "#### Build"),
        ({"type": "header", "text": {}}, ""),
        ({"type": "header"}, ""),
        (
            {
                "type": "section",
                "text": {"text": "a"},
                "fields": [{"text": "b"}, {"text": ""}, 5, {"text": "c"}],
                "accessory": {"type": "button", "text": {"text": "Open"}, "url": "https://a.example"},
            },
            "a\nb\nc\n[Open](https://a.example)",
        ),
        ({"type": "section", "fields": "b", "accessory": "c"}, ""),
        (
            {
                "type": "context",
                "elements": [
                    {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "a"},
                    {"type": "mrkdwn", "text": "*b*"},
                    {"type": "plain_text", "text": "c"},
                    {"type": "unknown", "text": "d"},
                    "e",
                ],
            },
            "![a](https://a.example/a.png) *b* c",
        ),
        (
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "text": {"text": "Open"}, "url": "https://a.example"},
                    {"type": "button", "text": {"text": "Nobody to call"}},
                    {"type": "button", "text": {"text": "Not a link"}, "url": 5},
                    {"type": "button", "text": {"text": "Empty"}, "url": ""},
                    {"type": "button", "url": "https://a.example/unnamed"},
                    {"type": "button", "text": {"text": "Again"}, "url": "https://b.example"},
                ],
            },
            "[Open](https://a.example) [Again](https://b.example)",
        ),
        ({"type": "divider"}, "---"),
        (
            {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "a cat"},
            "![a cat](https://a.example/a.png)",
        ),
        ({"type": "image", "image_url": "https://a.example/a.png", "alt_text": 5}, "![](https://a.example/a.png)"),
        ({"type": "image", "image_url": "", "alt_text": "a cat"}, ""),
        ({"type": "image", "image_url": 5, "alt_text": "a cat"}, ""),
        ({"type": "markdown", "text": "**a**"}, "**a**"),
        ({"type": "video", "text": "a"}, ""),
        (
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "text", "text": "see ", "style": {"bold": True}},
                            {"type": "link", "url": "https://a.example", "text": "a"},
                            {"type": "text", "text": " or "},
                            {"type": "link", "url": "https://b.example"},
                            {"type": "emoji", "name": "ship"},
                            "odd",
                        ],
                    },
                    {
                        "type": "rich_text_list",
                        "elements": [
                            {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]},
                            {"type": "rich_text_section", "elements": []},
                            {"type": "rich_text_section", "elements": [{"type": "text", "text": "two"}]},
                        ],
                    },
                    {"type": "rich_text_section", "elements": None},
                ],
            },
            "see [a](https://a.example) or https://b.example:ship:\n- one\n- two",
        ),
    ],
)
def test_a_block_becomes_markdown(block: dict[str, Any], markdown: str) -> None:
    assert slack_blocks.render([block]) == markdown


def test_each_block_that_shows_something_is_a_paragraph() -> None:
    blocks = [{"type": "divider"}, {"type": "unknown"}, {"type": "markdown", "text": "a"}]
    assert slack_blocks.render(blocks) == "---\n\na"
    assert slack_blocks.render([]) == ""


@pytest.mark.parametrize("blocks", [{}, "a", None, [5], [{}], [{"type": 5}], [{"type": "divider"}] * 51])
def test_blocks_of_another_shape_are_refused(blocks: Any) -> None:
    with pytest.raises(InvalidBlocks):
        slack_blocks.render(blocks)
    assert slack_blocks.render([{"type": "divider"}] * 50).count("---") == 50
