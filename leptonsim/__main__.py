"""``python -m leptonsim`` is the command line."""

from leptonsim.cli import main

main()
