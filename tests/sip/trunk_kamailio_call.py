"""Calls through a Kamailio that is a trunk: out to a phone behind it, and in from there.

    trunk_kamailio_call.py HOST:PORT KAMAILIO:PORT WIRECHIEF

Account alice, with the number +390001; trunk "kamailio" for +44, behind which each number is the one phone.  Two more trunks, which answer
OPTIONS, are made here, for numbers of their own that fall back to it: one says 503 to calls, one nothing.
"""
import json
import subprocess
import sys
import time

from callphone import SDP, CallPhone
from provider import Provider

PASSWORD = "a secret of its own"
failed = 0


def check(name, passed):
    global failed
    failed += not passed
    print(("ok " if passed else "not ok ") + name, flush=True)
    return passed


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def told(*command, given=""):
    out = subprocess.run([sys.argv[3], "--json", *command], input=given, capture_output=True, text=True, timeout=60).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def until(fits, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fits():
            return True
        time.sleep(0.02)
    return False


def event(words):
    return until(lambda: any(words in e["event"] for e in told("event", "list", "--limit", "20", "--query", "module:call")))


def hang_up(name, who, dialog, other):
    who.inside(dialog, "BYE")
    bye = other.request("BYE")
    if check(f"{name}: the BYE of {who.user} arrives", bye is not None):
        other.reply(bye, 200, "OK")
    check(f"{name}: and is answered", who.response(200, "BYE") is not None)
    check(f"{name}: it is over", until(lambda: told("call", "list") == []))


def stand(name, caller, callee, call):
    """The call is answered: what the callee was asked, and its dialog; or None."""
    got = callee.request("INVITE")
    if not check(f"{name}: it arrives", got is not None):
        return None
    callee.reply(got, 180, "Ringing")
    check(f"{name}: ringing is heard", caller.response(180, "INVITE") is not None)
    callee.reply(got, 200, "OK", body=SDP)
    ok = caller.response(200, "INVITE")
    if not check(f"{name}: it is answered", ok is not None and ok[2].decode() == SDP):
        return None
    caller.established(call, ok)
    caller.inside(call, "ACK", cseq=call["cseq"])
    check(f"{name}: the ACK arrives", callee.request("ACK") is not None)
    back = callee.answering(got)
    for who, dialog, other in ((caller, call, callee), (callee, back, caller)):
        who.inside(dialog, "INFO")
        heard = other.request("INFO")
        if heard is not None:
            other.reply(heard, 200, "OK")
        check(f"{name}: {who.user} is heard inside it", heard is not None and who.response(200, "INFO") is not None)
    return got, back


def shown(trunk):
    return until(lambda: [(c["state"], c["trunk"]) for c in told("call", "list")] == [("ANSWERED", trunk)])


def out(alice, phone):
    call = alice.invite("+4470001")
    stood = stand("out", alice, phone, call)
    if stood is None:
        return
    fields = stood[0].fields
    check("out: it says the account's number", fields.get("p-asserted-identity") == ["<sip:+390001@wirechief.test>"])
    check("out: no password goes further", "proxy-authorization" not in fields)
    check("out: it is listed with its trunk", shown("kamailio"))
    hang_up("out", alice, call, phone)
    check("out: its end is told", event("from alice to +4470001: ANSWERED"))
    call = alice.invite("+4470001")
    stood = stand("out again", alice, phone, call)
    if stood is not None:
        hang_up("out again", phone, stood[1], alice)


def refused(alice, phone):
    for code, reason in ((603, "Decline"), (486, "Busy Here"), (404, "Not Found")):
        call = alice.invite("+4470002")
        got = phone.request("INVITE")
        if not check(f"refused: a call arrives for {code}", got is not None):
            continue
        phone.reply(got, code, reason)
        check(f"refused: {code} is acknowledged", phone.request("ACK") is not None)
        no = alice.response(0, "INVITE")
        if check(f"refused: {code} comes back", no is not None and no[0] == code):
            alice.ack(call, no[1]["to"][0])


def cancelled(alice, phone):
    call = alice.invite("+4470003")
    got = phone.request("INVITE")
    phone.reply(got, 180, "Ringing")
    alice.response(180, "INVITE")
    alice.cancel(call)
    cancel = phone.request("CANCEL")
    if check("cancelled: the phone is told", cancel is not None):
        phone.reply(cancel, 200, "OK", contact=False)
        phone.reply(got, 487, "Request Terminated")
    no = alice.response(487, "INVITE")
    if check("cancelled: 487 comes back", no is not None):
        alice.ack(call, no[1]["to"][0])


def into(alice, phone):
    call = phone.invite("+390001", challenged=False)
    stood = stand("in", phone, alice, call)
    if stood is not None:
        check("in: it is listed with its trunk", shown("kamailio"))
        hang_up("in", alice, stood[1], phone)
    call = phone.invite("+390001", challenged=False)
    got = alice.request("INVITE")
    if check("in: another arrives", got is not None):
        alice.reply(got, 603, "Decline")
        no = phone.response(0, "INVITE")
        if check("in: 603 comes back", no is not None and no[0] == 603):
            phone.ack(call, no[1]["to"][0])
    for to, why in (("+399999", "a number that nobody has"), ("+4470001", "a number of the trunk's own")):
        call = phone.invite(to, challenged=False)
        no = phone.response(0, "INVITE")
        if check(f"in: {why} is 404", no is not None and no[0] == 404):
            phone.ack(call, no[1]["to"][0])


def fallen_back(name, alice, phone, call):
    """A call, begun already, that another trunk did not take."""
    stood = stand(name, alice, phone, call)
    if stood is not None:
        check(f"{name}: it is listed with the trunk that took it", shown("kamailio"))
        hang_up(name, alice, call, phone)


def usable(*trunks):
    return until(lambda: all(told("trunk", "show", t)[0]["status"] == "OK" for t in trunks))


def main():
    server, kamailio = address(sys.argv[1]), address(sys.argv[2])
    alice = CallPhone(server, "alice", PASSWORD)
    phone = CallPhone(kamailio, "phone", PASSWORD, domain="provider.example")
    check("alice registers", alice.register() == 200)
    check("the phone registers behind the trunk", phone.register() == 200)
    peers = {"busy": Provider("127.0.0.3", 0, invite=503), "silent": Provider("127.0.0.4", 0, invite=0)}
    for name, peer in peers.items():
        told("trunk", "add", name, "host=" + peer.sock.getsockname()[0], f"port={peer.port}", "transport=UDP",
             "prefixes=" + {"busy": "+4450", "silent": "+4460"}[name])
    if not check("all trunks are usable", usable("kamailio", "busy", "silent")):
        return True
    out(alice, phone)
    refused(alice, phone)
    cancelled(alice, phone)
    into(alice, phone)
    call = alice.invite("+4450001")
    fallen_back("503", alice, phone, call)
    check("503: the other one was asked first", peers["busy"].count("INVITE") == 1)
    call = alice.invite("+4460001")
    fallen_back("silence", alice, phone, call)
    check("silence: the other one was asked first", peers["silent"].count("INVITE") == 1)
    told("trunk", "set", "kamailio", "password=-", given="another\n")
    check("a wrong password: the trunk is still there", usable("kamailio"))
    call = alice.invite("+4470001")
    no = alice.response(0, "INVITE")
    if check("a wrong password: the caller is not asked for it", no is not None and no[0] in (480, 500, 503)):
        alice.ack(call, no[1]["to"][0])
    check("a wrong password: no call goes through", phone.request("INVITE", 0.2) is None)
    return failed > 0


sys.exit(main())
