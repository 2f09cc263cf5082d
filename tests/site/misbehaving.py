"""A child for the tests of `cosn_site.bounded`, which does one wrong thing: `python -m tests.site.misbehaving DEED`."""

import json
import os
import sys
import time

from cosn_site import bounded


def main() -> None:
    bounded.limit_this_process(memory=256 * bounded.MEBIBYTE, cpu_seconds=1)
    match sys.argv[1]:
        case "behave":
            sys.stdout.write(json.dumps(dict(os.environ)))
        case "sleep":
            time.sleep(600)
        case "loop":
            while True:
                pass
        case "eat":
            try:
                bytearray(1024 * bounded.MEBIBYTE)
            except MemoryError:
                sys.exit(bounded.OUT_OF_MEMORY)
        case "crash":
            os.abort()


if __name__ == "__main__":
    main()
