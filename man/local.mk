# Manual pages, one file a line.
dist_man_MANS =
