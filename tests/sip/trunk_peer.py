"""The other end of a trunk's connection: answers each request with 200, asks one itself on each new connection once it was asked, and
says what it sees, a line each.  SIGUSR1 has it close all connections.

    trunk_peer.py ADDRESS [CERTIFICATE KEY]        prints its port first
"""
import signal, socket, ssl, sys, threading

SAME = ("via", "from", "to", "call-id", "cseq")
OWN = ("OPTIONS sip:wirechief SIP/2.0\r\nVia: SIP/2.0/TCP peer.invalid;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\nFrom: <sip:peer@peer.invalid>;tag=1\r\n"
       "To: <sip:wirechief>\r\nCall-ID: %d@peer\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
connections = []


def say(*words):
    print(*words, flush=True)


def serve(c, number):
    asked, left = False, b""
    while True:
        data = c.recv(65536)
        if not data:
            return
        left += data
        while b"\r\n\r\n" in left:
            head, left = left.split(b"\r\n\r\n", 1)
            lines = head.decode().strip().split("\r\n")
            if lines[0].startswith("SIP/2.0"):
                say("answered", lines[0])
            elif lines[0]:
                say("asked", lines[0])
                same = [line for line in lines[1:] if line.split(":")[0].lower() in SAME]
                c.sendall("\r\n".join(["SIP/2.0 200 OK", *same, "Content-Length: 0", "", ""]).encode())
                if not asked:
                    c.sendall((OWN % (number, number)).encode())
                asked = True


def meet(c, number, context):
    try:
        c = context.wrap_socket(c, server_side=True) if context else c
        connections.append(c)
        say("connected", number)
        serve(c, number)
    except OSError as e:
        say("failed", e)
    say("closed", number)
    c.close()


def close_all(*_):
    for c in connections:
        try:
            c.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
listening = socket.create_server((sys.argv[1], 0), family=family)
context = None
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
signal.signal(signal.SIGUSR1, close_all)
say(listening.getsockname()[1])
number = 0
while True:
    c, _ = listening.accept()
    number += 1
    threading.Thread(target=meet, args=(c, number, context), daemon=True).start()
