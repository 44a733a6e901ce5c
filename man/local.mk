# Manual pages, one file a line.
dist_man_MANS =
dist_man_MANS += man/odrbackup-format.7
