"""Run the command line: `python -m copydesk` is `copydesk`."""

from flows.cli.app import main

if __name__ == "__main__":
    main()
