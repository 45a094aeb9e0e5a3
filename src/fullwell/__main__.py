"""`python -m fullwell` is the command `fullwell`."""

from fullwell.cli import main

if __name__ == "__main__":
    main()
