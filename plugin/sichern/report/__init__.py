"""What a run says of itself: the protocol as data and as text, its mail, and its observers."""
