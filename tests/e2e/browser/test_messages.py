"""Messages in a chat, in a browser: links become links, everything else stays text."""

from typing import Any

from playwright.sync_api import expect

from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.things import made, made_chat
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E

SHOWN = r"""See [build \[44\]](https://ci.example.com/builds/44_(b)?a=1) and <https://docs.example.com>, or write to
[the team](mailto:team@example.com): @deploy-bot, <@usr_1> and **bold** `[x](https://x.example.com)` passed \_it\_."""
REFUSED = """[run](javascript:alert(1)) [data](data:text/html,x) [here](/me/security) [there](//evil.example.com)
![picture](https://example.com/x.png) <img src=x onerror=alert(1)> <a href="https://example.com">html</a>"""
# Links that nobody sees, that say another host, that are turned round, and addresses that no web page has.
MISLEADING = """[](https://unseen.example.com) [\u200b \u3164](https://unseen.example.com)
[https://bank.example.com](https://thief.example.com) [ \u200bwww.bank.example.com/a](https://thief.example.com/www.bank.example.com)
[https://bank.example.com@thief.example.com](https://bank.example.com) [https://bank.example.com](mailto:a@example.com)
[moc.elpmaxe.knab//:sptth\u202e](https://thief.example.com) <https://slack.example.com|the page> [none](https://)
[turned](https://thief.example.com/\u202egpj.exe)"""
HONEST = """[https://docs.example.com/…](https://docs.example.com/pages/7) [www.example.com](https://example.com/)
[Broken: https://docs.python.org](https://github.com/x/y/issues/1) [HTTPS://Docs.example.com.](https://docs.example.com)"""


def test_the_links_of_a_message_lead_out_and_mentions_stay_words(
    stack: E2E, opens: Opens, people: dict[str, Person]
) -> None:
    chat = made_chat(stack, people["owner"])
    box: dict[str, Any] = {
        "pretext": "Of [CI](https://ci.example.com/)",
        "text": "Read [the log](https://ci.example.com/log)",
    }
    box |= {"fields": [{"title": "By", "value": "[Ada](https://example.com/ada)"}]}
    made(stack, f"/v1/chats/{chat['id']}/messages", {"text": SHOWN, "attachments": [box]})
    visit = opens(f"/chats/{chat['id']}")
    log = visit.page.get_by_role("log")
    addresses = {
        "build [44]": "https://ci.example.com/builds/44_(b)?a=1",
        "https://docs.example.com": "https://docs.example.com",
        "the team": "mailto:team@example.com",
        "CI": "https://ci.example.com/",
        "the log": "https://ci.example.com/log",
        "Ada": "https://example.com/ada",
    }
    expect(log.get_by_role("link")).to_have_text(list(addresses))
    for name, address in addresses.items():
        link = log.get_by_role("link", name=name, exact=True)
        expect(link).to_have_attribute("href", address)
        expect(link).to_have_attribute("target", "_blank")
        expect(link).to_have_attribute("rel", "noopener noreferrer")
    text = "the team: @deploy-bot, <@usr_1> and **bold** `[x](https://x.example.com)` passed _it_."
    expect(log.locator(".message").first).to_contain_text(text, use_inner_text=True)
    assert visit.violations() == []


def test_scripts_pictures_html_and_links_within_the_console_stay_as_they_were_written(
    stack: E2E, opens: Opens, people: dict[str, Person]
) -> None:
    chat = made_chat(stack, people["owner"])
    made(stack, f"/v1/chats/{chat['id']}/messages", {"text": REFUSED})
    visit = opens(f"/chats/{chat['id']}")
    message = visit.page.get_by_role("log").locator(".message")
    assert message.inner_text() == REFUSED
    expect(message.locator("a, img")).to_have_count(0)


def test_a_link_that_says_another_host_or_nothing_stays_as_it_was_written(
    stack: E2E, opens: Opens, people: dict[str, Person]
) -> None:
    chat = made_chat(stack, people["owner"])
    title = {"title": "https://bank.example.com", "title_link": "https://thief.example.com"}
    made(stack, f"/v1/chats/{chat['id']}/messages", {"text": MISLEADING, "attachments": [title]})
    told = {"type": "system", "title": "https://bank.example.com", "url": "https://thief.example.com"}
    made(stack, "/v1/notifications", told | {"user_ids": [people["owner"].user_id]})
    visit = opens(f"/chats/{chat['id']}")
    log = visit.page.get_by_role("log")
    expect(log).to_contain_text("bank.example.com")
    assert log.locator(".message").inner_text() == MISLEADING
    expect(log.locator("a")).to_have_count(0)
    visit.move("/me/notifications")
    told_here = visit.page.get_by_role("table", name="Notifications", exact=True)
    expect(told_here).to_contain_text("https://bank.example.com")
    expect(told_here.get_by_role("link", name="bank")).to_have_count(0)


def test_a_link_that_says_its_host_leads_there_and_is_not_turned_by_what_stands_before_it(
    stack: E2E, opens: Opens, people: dict[str, Person]
) -> None:
    chat = made_chat(stack, people["owner"])
    made(stack, f"/v1/chats/{chat['id']}/messages", {"text": f"\u202e{HONEST}"})
    links = opens(f"/chats/{chat['id']}").page.get_by_role("log").get_by_role("link")
    expect(links).to_have_count(4)
    for link in links.all():
        expect(link).to_have_css("unicode-bidi", "isolate")
