# tests/unit/LAYER/test_MODULE.c tests src/LAYER/MODULE.c: two lines a test, sorted. The second says
# what the test may stand on: its layer's $(LAYER_link), so that an upward call does not link.
unit_programs =
unit_programs += tests/unit/crypto/test_digest
tests_unit_crypto_test_digest_LDADD = $(crypto_link)
unit_programs += tests/unit/crypto/test_keys
tests_unit_crypto_test_keys_LDADD = $(crypto_link)
unit_programs += tests/unit/crypto/test_seal
tests_unit_crypto_test_seal_LDADD = $(crypto_link)
unit_programs += tests/unit/crypto/test_secret
tests_unit_crypto_test_secret_LDADD = $(crypto_link)
unit_programs += tests/unit/crypto/test_sign
tests_unit_crypto_test_sign_LDADD = $(crypto_link)
unit_programs += tests/unit/repo/test_chain
tests_unit_repo_test_chain_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_layer
tests_unit_repo_test_layer_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_layout
tests_unit_repo_test_layout_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_manifest
tests_unit_repo_test_manifest_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_pack
tests_unit_repo_test_pack_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_repo
tests_unit_repo_test_repo_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_repository
tests_unit_repo_test_repository_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_retention
tests_unit_repo_test_retention_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_table
tests_unit_repo_test_table_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_wal_journal
tests_unit_repo_test_wal_journal_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_wal_object
tests_unit_repo_test_wal_object_LDADD = $(repo_link)
unit_programs += tests/unit/repo/test_wal_range
tests_unit_repo_test_wal_range_LDADD = $(repo_link)
unit_programs += tests/unit/store/test_posix
tests_unit_store_test_posix_LDADD = $(store_link)
unit_programs += tests/unit/store/test_store
tests_unit_store_test_store_LDADD = $(store_link)
unit_programs += tests/unit/stream/test_compress
tests_unit_stream_test_compress_LDADD = $(stream_link)

check_PROGRAMS += $(unit_programs)
TESTS += $(unit_programs)

unit-programs: $(unit_programs)
.PHONY: unit-programs
