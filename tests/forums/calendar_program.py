"""A small calendar program: ical.js reads the files, and RFC 5546 says what becomes of what was there."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ICAL_JS = Path(__file__).resolve().parent.parent / "vendor/ical.js/ical.es5.min.cjs"

# Files in the order in which they are opened; answers what the calendar shows then. A revision that is older than the
# one that is known (by SEQUENCE, then DTSTAMP) is passed over; a CANCEL takes the entry away (RFC 5546, 2.1.5, 3.2.5).
OPEN_ALL = """files => {
    const known = {};
    for (const text of files) {
        const file = new ICAL.Component(ICAL.parse(text));
        const method = file.getFirstPropertyValue("method");
        ICAL.TimezoneService.reset();  // it must do with the zones that are in the file
        for (const zone of file.getAllSubcomponents("vtimezone")) {
            ICAL.TimezoneService.register(zone);
        }
        for (const part of file.getAllSubcomponents("vevent")) {
            const event = new ICAL.Event(part);
            const stamp = part.getFirstPropertyValue("dtstamp").toUnixTime();
            const old = known[event.uid];
            const attendee = part.getFirstProperty("attendee");
            if (old && (event.sequence < old.sequence || event.sequence === old.sequence && stamp < old.stamp)) {
                continue;
            }
            known[event.uid] = {
                uid: event.uid, sequence: event.sequence, stamp, method, gone: method === "CANCEL",
                summary: event.summary, location: event.location, description: event.description,
                start: event.startDate.toUnixTime(), end: event.endDate.toUnixTime(),
                zone: event.startDate.zone.tzid, status: part.getFirstPropertyValue("status"),
                attendee: attendee && attendee.getFirstValue(),
                name: attendee && attendee.getParameter("cn"),
                answer: attendee && attendee.getParameter("partstat"),
            };
        }
    }
    return Object.values(known).filter(event => !event.gone);
}"""


class CalendarProgram:
    """A browser with ical.js in it. It lives in a thread of its own: its event loop would keep the database away."""

    def __init__(self, chromium: str) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._start, chromium).result()

    def _start(self, chromium: str) -> None:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        self._page = self._browser.new_page()
        self._page.add_script_tag(content=ICAL_JS.read_text())

    def open(self, files: Sequence[bytes]) -> list[dict[str, Any]]:
        """What an empty calendar shows after these files were opened one after the other."""
        texts = [content.decode() for content in files]
        return self._thread.submit(self._page.evaluate, OPEN_ALL, texts).result()

    def close(self) -> None:
        self._thread.submit(self._stop).result()
        self._thread.shutdown()

    def _stop(self) -> None:
        self._browser.close()
        self._playwright.stop()
