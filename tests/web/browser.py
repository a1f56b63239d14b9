#!/usr/bin/env python3
"""A browser of a phone's size, one step a call: Chromium by a chromedriver that runs.

browser.py DRIVER FILE begin HOME | open URL | click CSS | href CSS | text | picture PNG | end
FILE keeps the session between the calls.  A step that does not work is an error.
"""
import base64
import json
import sys
import urllib.request

driver, file, step, *words = sys.argv[1:]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
WIDTH, HEIGHT = 390, 844


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(driver + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["value"]


def find(css):
    return session + "/element/" + call("POST", session + "/element", {"using": "css selector", "value": css})[ELEMENT]


if step == "begin":
    begun = call("POST", "/session", {"capabilities": {"alwaysMatch": {
        "acceptInsecureCerts": True,
        "goog:chromeOptions": {
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=" + words[0] + "/profile"],
            "mobileEmulation": {"deviceMetrics": {"width": WIDTH, "height": HEIGHT, "pixelRatio": 2, "touch": True, "mobile": True}},
        }}}})
    with open(file, "w") as f:
        f.write(begun["sessionId"])
    sys.exit()
with open(file) as f:
    session = "/session/" + f.read()
if step == "open":
    call("POST", session + "/url", {"url": words[0]})
elif step == "click":
    call("POST", find(words[0]) + "/click", {})
elif step == "href":
    print(call("GET", find(words[0]) + "/attribute/href"))
elif step == "text":
    print(call("POST", session + "/execute/sync", {"script": "return location.href + '\\n' + document.body.innerText", "args": []}))
elif step == "picture":
    with open(words[0], "wb") as f:
        f.write(base64.b64decode(call("GET", session + "/screenshot")))
elif step == "end":
    call("DELETE", session)
else:
    sys.exit("no step " + step)
