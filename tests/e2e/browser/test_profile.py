"""People upload their own avatar after a preview, and remove it, in a browser."""

from playwright.sync_api import expect

from tests.e2e.browser.conftest import Invites, Opens
from tests.e2e.harness import E2E
from tests.support import pictures


def test_a_person_gets_an_avatar_and_removes_it(stack: E2E, opens: Opens, invited: Invites) -> None:
    person = invited("staff")
    visit = opens("/settings/overview", by=person)
    visit.link("Profile").first.click()
    expect(visit.heading("Profile")).to_be_visible()
    expect(visit.page.get_by_text("at most 256 KiB and 4096 × 4096 pixels")).to_be_visible()
    file, said = visit.page.locator("input[type=file]"), visit.page.locator("#main").get_by_role("status")
    avatar = visit.page.locator("#main img")

    def avatar_url() -> object:
        return stack.api("GET", f"/v1/users/{person.user_id}").json["avatar_url"]

    file.set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x"})
    expect(said).to_contain_text("notes.txt is not a PNG, JPEG, GIF or WebP")
    file.set_input_files({"name": "huge.png", "mimeType": "image/png", "buffer": bytes(262_145)})
    expect(said).to_contain_text("huge.png has 257 KiB; at most 256 are accepted")
    # The API judges the content: this one is too wide.
    visit.expected.append("422")
    file.set_input_files({"name": "wide.png", "mimeType": "image/png", "buffer": pictures.png(5000, 2)})
    visit.button("Use this picture").click()
    expect(said).to_contain_text("at most 4096 × 4096 are accepted")
    assert avatar_url() is None

    visit.button("Cancel").click()
    file.set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": pictures.png()})
    expect(visit.page.get_by_role("img", name="The picture that you chose")).to_have_js_property("naturalWidth", 64)
    assert avatar_url() is None, "it is uploaded when it was seen"
    assert visit.violations() == []
    visit.button("Use this picture").click()
    visit.said("The avatar was saved")
    expect(avatar).to_have_attribute("src", str(avatar_url()))
    expect(avatar).to_have_js_property("naturalWidth", 64)
    expect(visit.page.locator("header img[src*='/avatars/']")).to_have_count(1)
    assert visit.violations() == []

    visit.button("Remove the avatar").click()
    visit.said("The avatar was removed")
    expect(avatar).to_have_count(0)
    assert avatar_url() is None
