"""The ids that every vocabulary keeps for itself, before those of its colours, codes and words."""

PADDING = 0  # fills up what is short, and weighs nothing; a model's first input is the same: start
BLANK = 1  # stands for what is not known yet
FIRST_ID = 2  # of colours and codes
GREY = 128  # how these are shown, so that unfinished rows can be looked at
