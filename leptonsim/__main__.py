"""``leptonsim`` and ``python -m leptonsim``: the command line, interruptible from its first import on."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; see ``leptonsim.cli``."""
    try:
        from leptonsim.cli import main as run

        run()
    except KeyboardInterrupt:
        print("leptonsim: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
