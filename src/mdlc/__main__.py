"""The mdlc command."""

from mdlc.cli.main import main

if __name__ == "__main__":
    main()
