"""Calls by Python, with nothing but its own library. SKILLETT_URL and SKILLETT_API_KEY come from the environment."""

import json
import os
import urllib.error
import urllib.request

URL = os.environ.get("SKILLETT_URL", "http://localhost:4000")
KEY = os.environ["SKILLETT_API_KEY"]


class Refused(Exception):
    """Skillett, or the service, did not do it. `remedy` is a link that helps, where there is one."""

    def __init__(self, status, message, remedy=None):
        super().__init__(f"{status}: {message}")
        self.status, self.remedy = status, remedy


def call(integration, endpoint, params, **options):
    """What the service answered. `options`: account, select, view."""
    body = json.dumps({"params": params, **options}).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}/v1/{integration}/{endpoint}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        refusal = json.load(error)
        message = refusal.get("message") or json.dumps(refusal.get("error"))
        raise Refused(error.code, message, refusal.get("action_url")) from None


if __name__ == "__main__":
    made = call("sandbox", "create_note", {"title": "From Python"})
    print("made", made["id"])
    print(call("sandbox", "list_notes", {}, select="notes[].title"))
    try:
        call("sandbox", "create_note", {"titel": "A slip"})
    except Refused as refused:
        print(refused)
