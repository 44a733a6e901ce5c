# Scripts and examples that are distributed but not installed, one file a line.
EXTRA_DIST += \
	$(contrib_files)

contrib_files = \
	contrib/ci/mark-deployment \
	contrib/ci/restore-test \
	contrib/prometheus/odrbackup.rules.test.yml \
	contrib/prometheus/odrbackup.rules.yml \
	contrib/quickstart \
	contrib/verify-draw \
	contrib/verify-evidence
