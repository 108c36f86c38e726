"""What an operator relies on, of the real program: nothing secret comes out, no record is shown to
who did not ask for it, a stop loses nothing, metrics count what happened.
usage: run.py BUILD [PART...]"""
import os
import shutil
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))

from machine import Failure, guard, kill_all_in   # noqa: E402  the path is set above
from scene import make_template                   # noqa: E402
import drain                                      # noqa: E402
import metrics                                    # noqa: E402
import readers                                    # noqa: E402
import secret                                     # noqa: E402

PARTS = [("secrets are in no output", secret.check_outputs),
         ("memory is out of reach, and a key leaves it", secret.check_memory),
         ("records are for who asked, and for auditors", readers.check),
         ("a stop under load loses nothing", drain.check_load),
         ("a stop says so first, and ends streams", drain.check_order),
         ("metrics count what happened", metrics.check)]


def main(arguments):
    build, names, failed = os.path.abspath(arguments[0]), arguments[1:], 0
    with tempfile.TemporaryDirectory(prefix="breakwater-") as directory:
        os.chmod(directory, 0o711)        # PostgreSQL runs as another user where this is root
        guard(directory)
        template = make_template(build, directory)
        for name, part in PARTS:
            if names and not any(word in name for word in names):
                continue
            begun = time.monotonic()
            place = tempfile.mkdtemp(dir=directory)
            os.chmod(place, 0o711)
            try:
                print(f"{name}: {part(build, template, place)}, {time.monotonic() - begun:.0f} s",
                      flush=True)
            except Failure as failure:
                failed += 1
                print(f"{name}: FAILED: {failure}", flush=True)
            except Exception:             # a mistake of the test's is a failure, too
                failed += 1
                print(f"{name}: FAILED: {traceback.format_exc()}", flush=True)
            kill_all_in(place)
            shutil.rmtree(place, ignore_errors=True)
        kill_all_in(directory)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
