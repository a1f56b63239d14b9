"""Whether a prompt was heard: heard.py PROMPT RECORDING [SECONDS]: at least so many seconds of it (all of it but a quarter of a second, when
not said), in one piece and at its pace.  Prints how much there was.

The recording is cut into pieces of 100 ms; each must match the prompt at the same shift, by normalised correlation: G.711 changes a sample
by some percent, another prompt, a stutter, a gap or a wrong codec leaves nothing.
"""
import sys

from tone import samples

PIECE = 800		# samples at 8 kHz, 100 ms
ALIKE = 0.9


def correlation(a, b):
    ab = sum(x * y for x, y in zip(a, b))
    aa, bb = sum(x * x for x in a), sum(y * y for y in b)
    return ab / (aa * bb) ** 0.5 if aa and bb else 0.0


def loudest(wave):
    return max(range(0, len(wave) - PIECE, PIECE), key=lambda at: sum(abs(s) for s in wave[at:at + PIECE]))


def shift_of(prompt, recording):
    """Where the recording's beginning lies in the prompt, by the loudest piece of the prompt; None: it is not there."""
    at = loudest(prompt)
    piece = prompt[at:at + PIECE]
    coarse = [i for i in range(0, len(recording) - PIECE) if abs(recording[i + 100] - piece[100]) < 1500]
    best = max(coarse, key=lambda i: correlation(piece[::8], recording[i:i + PIECE:8]), default=None)
    if best is None:
        return None
    best = max(range(max(0, best - 8), min(len(recording) - PIECE, best + 9)), key=lambda i: correlation(piece, recording[i:i + PIECE]))
    return best - at if correlation(piece, recording[best:best + PIECE]) > ALIKE else None


def seconds_heard(prompt, recording):
    """The longest run of pieces of the prompt that the recording has, and whether all of the prompt's loud pieces are in it."""
    if len(recording) < 2 * PIECE or (shift := shift_of(prompt, recording)) is None:
        return 0.0
    run = longest = 0
    for at in range(0, len(prompt) - PIECE, PIECE):
        ours = prompt[at:at + PIECE]
        theirs = recording[at + shift:at + shift + PIECE] if at + shift >= 0 else []
        quiet = sum(abs(s) for s in ours) < 100 * PIECE
        if len(theirs) == PIECE and (correlation(ours, theirs) > ALIKE or (quiet and sum(abs(s) for s in theirs) < 200 * PIECE)):
            run += 1
        else:
            run = 0
        longest = max(longest, run)
    return longest * PIECE / 8000


def main():
    (rate, prompt), (rate_heard, recording) = samples(sys.argv[1]), samples(sys.argv[2])
    if rate != 8000 or rate_heard != 8000:
        sys.exit("both must have 8000 samples a second")
    wanted = float(sys.argv[3]) if len(sys.argv) > 3 else len(prompt) / 8000 - 0.25
    got = seconds_heard(prompt, recording)
    print(f"{got:.1f} s of {len(prompt) / 8000:.1f} s heard")
    sys.exit(got < wanted)


if __name__ == "__main__":
    main()
