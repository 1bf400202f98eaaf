"""``python -m leptonsim``: the command line."""

from leptonsim.cli import main

if __name__ == "__main__":
    main()
