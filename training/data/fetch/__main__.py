"""`python -m training.data.fetch`."""

from .run import main

if __name__ == "__main__":
    main()
