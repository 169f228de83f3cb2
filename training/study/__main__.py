"""`python -m training.study`."""

from .run import main

if __name__ == "__main__":
    main()
