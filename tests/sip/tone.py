"""Tones in WAV files: tone.py make FILE HERTZ [SECONDS]; tone.py has FILE HERTZ: half a second of it must be heard, in one piece.

A file that is still being written is read as far as it goes, whatever its header says, and though it has none yet.
"""
import array
import math
import struct
import sys

RATE, HEADER, PIECE, PIECES = 8000, 44, 800, 5		# tenths of a second, so many in a row


def make(path, hertz, seconds):
    wave = array.array("h", (int(12000 * math.sin(2 * math.pi * hertz * i / RATE)) for i in range(RATE * seconds)))
    data = wave.tobytes()
    with open(path, "wb") as f:
        f.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16))
        f.write(b"data" + struct.pack("<I", len(data)) + data)


def samples(path):
    """(samples a second, the first channel's samples)."""
    with open(path, "rb") as f:
        raw = f.read()
    if not raw.startswith(b"RIFF"):		# linphonec writes the header last
        return RATE, array.array("h", raw[HEADER:len(raw) // 2 * 2])
    at, rate, channels = 12, RATE, 1
    while at + 8 <= len(raw):
        name, size = raw[at:at + 4], struct.unpack("<I", raw[at + 4:at + 8])[0]
        if name == b"fmt ":
            channels, rate = struct.unpack("<HI", raw[at + 10:at + 16])
        if name == b"data":
            body = raw[at + 8:]
            return rate, array.array("h", body[:len(body) // (2 * channels) * 2 * channels])[::channels]
        at += 8 + size
    return rate, array.array("h")


def is_tone(piece, rate, hertz):
    """Whether most of the energy is at that frequency (Goertzel)."""
    energy = sum(s * s for s in piece)
    c = 2 * math.cos(2 * math.pi * hertz / rate)
    a = b = 0.0
    for s in piece:
        a, b = s + c * a - b, a
    power = (a * a + b * b - c * a * b) * 2 / len(piece)
    return energy > len(piece) * 500 ** 2 and power > 0.8 * energy


def has(path, hertz):
    try:
        rate, wave = samples(path)
    except OSError:
        return False
    row, size = 0, rate * PIECE // RATE
    for at in range(0, len(wave) - size, size):
        row = row + 1 if is_tone(wave[at:at + size], rate, hertz) else 0
        if row == PIECES:
            return True
    return False


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(not has(sys.argv[2], int(sys.argv[3])))
