"""`python -m training.data.build`."""

from .run import main

if __name__ == "__main__":
    main()
