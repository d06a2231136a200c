"""A range coder: symbols to bytes, each at the cost of its probability, and back.

A symbol is given as a part of 0 … `TOTAL`: where the part begins, and its width, the symbol's
frequency. The coder keeps an interval of numbers and narrows it to that part of itself; the bytes
are the shortest number that lies in the last interval. So the whole costs the sum of
`log2(TOTAL / frequency)` bits, a byte or two at the end, and below 2**-15 of a bit for each symbol,
as widths of intervals are whole numbers.

Source: Martin 1979, "Range encoding: an algorithm for removing redundancy from a digitised
message". The carry goes into bytes that are written already.
"""

BITS = 24
TOTAL = 1 << BITS
WIDTH = 48  # bits of the interval that are still at work
TOP, BOTTOM = 1 << WIDTH, 1 << (WIDTH - 8)
BYTES = WIDTH // 8


class Encoder:
    """Symbols to bytes."""

    def __init__(self) -> None:
        self._low, self._range = 0, TOP
        self._done = bytearray()

    def encode(self, start: int, frequency: int) -> None:
        """Adds a symbol.

        Args:
          start: where its part of 0 … `TOTAL` begins: the frequencies of those before it.
          frequency: the width of the part, 1 or more.
        """
        unit = self._range >> BITS
        self._low += unit * start
        self._range = unit * frequency
        self._carry()
        while self._range < BOTTOM:
            self._shift()
            self._range <<= 8

    def finish(self) -> bytes:
        """All bytes; nothing can be added after that. Zeros may follow and change nothing."""
        end = self._low + self._range
        for left in range(WIDTH, -1, -8):  # bits that may be anything, the most first
            number = -(-self._low >> left) << left
            if number < end:
                break
        self._low = number
        self._carry()
        for _ in range(BYTES - left // 8):
            self._shift()
        return bytes(self._done)

    def _shift(self) -> None:
        """Writes the uppermost byte."""
        self._done.append(self._low >> (WIDTH - 8))
        self._low = (self._low << 8) % TOP

    def _carry(self) -> None:
        """Adds what lies above the interval's bits to the bytes that are written."""
        if self._low < TOP:
            return
        self._low -= TOP
        place = len(self._done) - 1
        while self._done[place] == 255:
            self._done[place] = 0
            place -= 1
        self._done[place] += 1


class Decoder:
    """Bytes to symbols, the same ones in the same order; of other bytes it makes any symbols."""

    def __init__(self, data: bytes) -> None:
        self._data, self._next = data, BYTES
        self._code = int.from_bytes(data[:BYTES].ljust(BYTES, b"\0"), "big")  # above the low end
        self._range = TOP

    def target(self) -> int:
        """A number in 0 … `TOTAL`-1 that lies in the part of the next symbol."""
        return min(self._code // (self._range >> BITS), TOTAL - 1)

    def take(self, start: int, frequency: int) -> None:
        """Goes on behind the symbol whose part that was."""
        unit = self._range >> BITS
        self._range = unit * frequency
        self._code = min(self._code - unit * start, self._range - 1)  # less in bytes of ours anyway
        while self._range < BOTTOM:
            byte = self._data[self._next] if self._next < len(self._data) else 0
            self._code, self._next = self._code << 8 | byte, self._next + 1
            self._range <<= 8
