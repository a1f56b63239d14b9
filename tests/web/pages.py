"""pages.py URL DRIVER SHOTS HOME: walks the pages of tests/web/pages_server with Chromium, and checks their markup."""
import atexit
import base64
import html.parser
import json
import re
import ssl
import sys
import time
import urllib.error
import urllib.request

site, driver, shots, home = sys.argv[1:]
WIDTH, HEIGHT = 390, 844
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
bad = 0
insecure = ssl.create_default_context()
insecure.check_hostname = False
insecure.verify_mode = ssl.CERT_NONE


def check(name, passed, why=""):
    global bad
    bad += not passed
    print(("ok " if passed else "not ok ") + name + (" # %s" % (why,) if why and not passed else ""), flush=True)


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(driver + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["value"]


session = "/session/" + call("POST", "/session", {"capabilities": {"alwaysMatch": {
    "acceptInsecureCerts": True,
    "goog:loggingPrefs": {"browser": "ALL"},
    "goog:chromeOptions": {
        "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--disable-crash-reporter", "--disable-breakpad", "--user-data-dir=" + home + "/profile"],
        "mobileEmulation": {"deviceMetrics": {"width": WIDTH, "height": HEIGHT, "pixelRatio": 2, "touch": True, "mobile": True}},
    }}}})["sessionId"]


@atexit.register
def leave():
    """No browser stays behind, whatever happened."""
    for method, path in ("DELETE", session), ("GET", "/shutdown"):
        try:
            call(method, path)
        except (OSError, ValueError):
            pass


def script(text):
    return call("POST", session + "/execute/sync", {"script": text, "args": []})


def place():
    """Where it is and how far; nowhere while it goes from one page to the next."""
    try:
        return script("return location.href + ' ' + document.readyState")
    except urllib.error.HTTPError:
        return ""


def comes_to(address):
    until = time.monotonic() + 120
    while place() != address + " complete" and time.monotonic() < until:
        time.sleep(0.05)
    return script("return location.href")


def find(css):
    return [e[ELEMENT] for e in call("POST", session + "/elements", {"using": "css selector", "value": css})]


def of(element, what):
    return call("GET", session + "/element/%s/%s" % (element, what))


def look(name, path):
    """Opens a page at a phone's size, keeps a picture, and checks what holds for each."""
    if path is not None:
        call("POST", session + "/url", {"url": site + path})
    with open("%s/%s.png" % (shots, name), "wb") as f:
        picture = base64.b64decode(call("GET", session + "/screenshot"))
        f.write(picture)
    check(name + ": a picture", len(picture) > 10000, len(picture))
    check(name + ": its style applies", script("return getComputedStyle(document.querySelector('header')).backgroundColor") == "rgb(11, 110, 79)")
    wide = script("return document.documentElement.scrollWidth")
    check(name + ": fits the width", wide <= WIDTH, wide)
    log = [e["message"] for e in call("POST", session + "/se/log", {"type": "browser"})
           if "server responded with a status" not in e["message"] and not e["message"].startswith("chrome://")]    # of its own first page
    check(name + ": the browser has nothing to say", not log, log)
    for element in find("a, button"):
        box, role, label = of(element, "rect"), of(element, "computedrole"), of(element, "computedlabel")
        check("%s: %s can be touched, and is read as %s" % (name, label, role), box["height"] >= 44 and role in ("button", "link") and label.strip(),
              (box, role, label))


look("install", "/i/t")
check("install: the name is text", script("return document.scripts.length") == 0 and
      "Anna <script>alert(1)</script> Müller & \"Co\"" in script("return document.body.innerText"))
call("POST", session + "/element/%s/click" % find("button")[0], {})
shop = site.replace("127.0.0.1", "localhost") + "/alive"
where = comes_to(shop)
check("install: the button leads to the shop, which is somebody else's", where == shop, where)
look("activate", "/a/t")
links = [of(e, "attribute/href") for e in find("a")]
check("activate: the app's link and the file's", links == ["linphone-config:https://localhost/c/t", "/c/t"], links)
look("activate-other", "/a/other")
links = [of(e, "attribute/href") for e in find("a")]
check("activate-other: only the file's", links == ["/c/t"], links)
call("POST", session + "/element/%s/click" % find("button")[0], {})
comes_to(site + "/a/t")
look("activated", None)
check("activated: says so", script("return document.title") == "Your phone is ready – Northwind Telecom")
look("activate-late", "/a/late")
check("activate-late: nothing to activate", not find("button"))
call("POST", session + "/url", {"url": site + "/a/first"})
call("POST", session + "/element/%s/click" % find("button")[0], {})
comes_to(site + "/a/late")
look("activated-late", None)
links = [of(e, "attribute/href") for e in find("a")]
check("activated-late: the settings are still there", links == ["linphone-config:https://localhost/c/t", "/c/t"], links)
for trouble in "expired", "used", "unknown", "too-many", "later", "thanks":
    look(trouble, "/c/" + trouble)


class Reader(html.parser.HTMLParser):
    """What a screen reader goes by."""
    void = {"meta", "link", "br", "hr", "img", "input"}

    def __init__(self):
        super().__init__()
        self.open, self.faults, self.headings, self.ids, self.text = [], [], [], set(), {}

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag not in self.void:
            self.open.append((tag, a))
        if tag == "html" and not a.get("lang"):
            self.faults.append("no language")
        if tag in ("script", "iframe", "object", "link") or any(k.startswith("on") or k == "style" for k in a):
            self.faults.append("%s %s" % (tag, a))
        if tag == "svg" and a.get("aria-hidden") != "true" and not a.get("aria-label"):
            self.faults.append("a picture without words")
        if tag == "img" and "alt" not in a:
            self.faults.append("img without alt")
        if tag == "meta" and a.get("name") == "viewport" and re.search("user-scalable|maximum-scale", a["content"]):
            self.faults.append("cannot be enlarged")
        if tag == "form" and a.get("method") != "post":
            self.faults.append("a form that a robot sends")
        if tag == "input" and a.get("type") != "hidden":
            self.faults.append("input without label")
        if "tabindex" in a or a.get("id") in self.ids:
            self.faults.append("tabindex, or id twice")
        self.ids.add(a.get("id", object()))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.void:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.faults.append("</%s> does not fit" % tag)
        else:
            self.open.pop()

    def handle_data(self, data):
        for tag, _ in self.open:
            self.text[tag] = self.text.get(tag, "") + data


def light(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a, b):
    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


for name, path in ("install", "/i/t"), ("activate", "/a/t"), ("activate-other", "/a/other"), ("activate-late", "/a/late"), ("expired", "/c/expired"), ("thanks", "/c/thanks"), ("nothing", "/"):
    request = urllib.request.Request(site + path)
    try:
        text = urllib.request.urlopen(request, timeout=60, context=insecure).read().decode()
    except urllib.error.HTTPError as e:
        text = e.read().decode()
    reader = Reader()
    reader.feed(text)
    if reader.open or text.count("<!DOCTYPE html>") != 1:
        reader.faults.append("not whole: %s" % reader.open)
    if reader.headings.count(1) != 1 or reader.headings != sorted(reader.headings) or reader.headings[0] != 1:
        reader.faults.append("headings %s" % reader.headings)
    if not all(reader.text.get(tag, "").strip() for tag in ("title", "h1", "main", "header")):
        reader.faults.append("no title, h1, main or header")
    check(name + ": a screen reader can read it", not reader.faults, reader.faults)

style = re.search("<style>(.*?)</style>", text, re.S)[1]
schemes = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", part)) for part in re.findall(r":root \{(.*?)\}", style, re.S)]
for name, colours in ("light", schemes[0]), ("dark", {**schemes[0], **schemes[1]}):
    for a, b in ("text", "paper"), ("quiet", "paper"), ("quiet", "ground"), ("ink", "brand"):
        ratio = contrast(colours[a], colours[b])
        check("contrast of %s on %s, %s" % (a, b, name), ratio >= 4.5, "%.2f" % ratio)
sys.exit(bad > 0)
