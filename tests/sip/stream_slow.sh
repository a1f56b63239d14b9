#!/bin/bash
# I4: 5,000 connections that hold on to the daemon, half never shaking hands, half sending a header byte by byte.  Others are served.
. "$(dirname "$0")/../lib.sh"

slow()
{
	python3 - "$1" "$2" "$3" <<'EOF'
import random, resource, socket, ssl, sys, time

tcp, tls, count = (int(x) for x in sys.argv[1:])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE


def options():
    call = random.getrandbits(64)
    return ("OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK%x\r\nMax-Forwards: 70\r\n"
            "From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: %x\r\nCSeq: 1 OPTIONS\r\n"
            "Content-Length: 0\r\n\r\n" % (call, call)).encode()


def served():
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", tls), timeout=60) as plain, context.wrap_socket(plain) as s:
        s.sendall(options())
        assert s.recv(4096).startswith(b"SIP/2.0 ")
    return time.monotonic() - began


slow = []
text = options()
for i in range(count):
    s = socket.create_connection(("127.0.0.1", tls if i % 2 else tcp), timeout=60)
    s.sendall(b"\x16" if i % 2 else text[:1])
    slow.append(s)
longest, at = 0, 1
for i in range(50):
    for s in slow[:1000:2]:
        try:
            s.sendall(text[at:at + 1])
        except OSError:	# its time was over
            pass
    at += 1
    longest = max(longest, served())
print("# beside %d slow connections the longest of 50 others took %.0f ms" % (count, longest * 1000))
EOF
}

make_certificate server
check "daemon starts" start_daemon "listen = { \"tcp:127.0.0.1:0\", \"tls:127.0.0.1:0\" }" \
    "tls { certificate = \"$TMP/server.crt\" key = \"$TMP/server.key\" }" "limits { connections = 0 requests_per_second = 0 }"
tls_port=$(grep -o 'tls:127\.0\.0\.1:[0-9]*' "$LOG" | head -1 | cut -d: -f3)
tcp_port=$(grep -o 'tcp:127\.0\.0\.1:[0-9]*' "$LOG" | head -1 | cut -d: -f3)
check "others are served beside 5,000 slow connections" slow "$tcp_port" "$tls_port" 5000
check "the daemon stops" stop_daemon
