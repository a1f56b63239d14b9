#!/usr/bin/env python3
"""A screen of text with its colours (tmux capture-pane -e, or what a program wrote) as an image: PGM on standard output.

screen_image.py [--light] < SCREEN: the terminal's own colours are light on dark, with --light dark on light.  Block elements fill their
part of a cell; any other sign is a cross in it, for it is only there to be told from a blank.
"""
import re
import sys

WIDTH, HEIGHT = 6, 12
GREY = [0, 90, 90, 120, 60, 100, 150, 200, 80, 140, 160, 220, 120, 160, 220, 255]	# of the 16 colours
DARK, LIGHT = 20, 200


class Pen:
    def __init__(self, light):
        self.own = (DARK, LIGHT) if light else (LIGHT, DARK)
        self.reset()

    def reset(self):
        self.front = self.back = None
        self.reverse = self.bold = False

    def take(self, codes):
        for code in codes:
            if code == 0:
                self.reset()
            elif code in (1, 22):
                self.bold = code == 1
            elif code in (7, 27):
                self.reverse = code == 7
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.front = code - 30 if code < 40 else code - 82
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.back = code - 40 if code < 50 else code - 92
            elif code == 39:
                self.front = None
            elif code == 49:
                self.back = None

    def colours(self):
        front = self.own[0] if self.front is None else GREY[self.front + (8 if self.bold and self.front < 8 else 0)]
        back = self.own[1] if self.back is None else GREY[self.back]
        return (back, front) if self.reverse else (front, back)


def cells(line, pen):
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            pen.take([int(n or 0) for n in part[2:-1].split(";")])
        else:
            for sign in re.sub(r"\x1b\(.|\x0f|\x0e", "", part):
                yield sign, *pen.colours()


def inked(sign, x, y):
    if sign == "\u2588":
        return True
    if sign == "\u2580":
        return y < HEIGHT // 2
    if sign == "\u2584":
        return y >= HEIGHT // 2
    return sign != " " and (x in (1, WIDTH - 2) or y in (3, HEIGHT - 4))


def main():
    pen = Pen("--light" in sys.argv)
    rows = [list(cells(line, pen)) for line in sys.stdin.read().split("\n")]
    columns = max(map(len, rows)) + 4
    image = bytearray()
    for row in rows:
        row = row + [(" ", *pen.own)] * (columns - len(row))
        for y in range(HEIGHT):
            for sign, front, back in row:
                image += bytes(front if inked(sign, x, y) else back for x in range(WIDTH))
    sys.stdout.buffer.write(b"P5 %d %d 255\n" % (columns * WIDTH, len(rows) * HEIGHT) + image)


main()
