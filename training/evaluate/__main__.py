"""`python -m training.evaluate`."""

from .run import main

if __name__ == "__main__":
    main()
