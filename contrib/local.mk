# Scripts and examples that are distributed but not installed, one file a line.
EXTRA_DIST += \
	$(contrib_files)

contrib_files = \
	contrib/quickstart
