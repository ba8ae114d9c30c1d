"""`python -m handsign`: the same as the command `handsign`."""

from handsign.cli.main import main

if __name__ == "__main__":
    main()
