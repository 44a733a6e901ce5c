noinst_LIBRARIES += src/repo/librepo.a
src_repo_librepo_a_SOURCES =
