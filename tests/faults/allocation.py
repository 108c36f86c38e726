"""What the preloaded fail_allocation.so is to do: struct control of fail_allocation.c, in a file."""
import mmap
import os
import struct

COUNT, FIRST, LAST, FAILED, CALLER = range(0, 40, 8)


class Allocations:
    def __init__(self, build, directory):
        self.path = os.path.join(directory, "allocations")
        with open(self.path, "wb") as file:
            file.write(bytes(mmap.PAGESIZE))
        with open(self.path, "r+b") as file:
            self.control = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        library = os.path.join(build, "tests/faults/fail_allocation.so")
        self.prefix = ["env", "LD_PRELOAD=" + library, "FAIL_ALLOCATION=" + self.path]

    def get(self, at):
        return struct.unpack_from("q", self.control, at)[0]

    def put(self, at, number):
        struct.pack_into("q", self.control, at, number)

    def arm(self, first, count=1):
        """The first-th from now fails, and `count` - 1 after it; 0: none. It is its own fault."""
        self.put(LAST, 0)
        for at in (COUNT, FAILED, CALLER):
            self.put(at, 0)
        self.put(FIRST, first)
        self.put(LAST, first + count - 1 if first else 0)
        return self

    def disarm(self):
        self.put(LAST, 0)

    @property
    def count(self):
        return self.get(COUNT)

    @property
    def has_fired(self):
        return self.get(FAILED) > 0

    def __str__(self):
        return f"allocation {self.get(FIRST)}, by {self.get(CALLER):#x}"
