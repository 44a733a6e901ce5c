# A new target: tests/fuzz/fuzz_NAME.c, its inputs in tests/fuzz/corpus/NAME/, and one line here.
fuzz_programs =
fuzz_programs += tests/fuzz/fuzz_anchor
fuzz_programs += tests/fuzz/fuzz_chunk
fuzz_programs += tests/fuzz/fuzz_clock
fuzz_programs += tests/fuzz/fuzz_collect_index
fuzz_programs += tests/fuzz/fuzz_collect_reply
fuzz_programs += tests/fuzz/fuzz_control
fuzz_programs += tests/fuzz/fuzz_drill_evidence
fuzz_programs += tests/fuzz/fuzz_http_answer
fuzz_programs += tests/fuzz/fuzz_http_judge
fuzz_programs += tests/fuzz/fuzz_incident
fuzz_programs += tests/fuzz/fuzz_key_file
fuzz_programs += tests/fuzz/fuzz_label
fuzz_programs += tests/fuzz/fuzz_layer
fuzz_programs += tests/fuzz/fuzz_manifest
fuzz_programs += tests/fuzz/fuzz_mask
fuzz_programs += tests/fuzz/fuzz_hold
fuzz_programs += tests/fuzz/fuzz_moment
fuzz_programs += tests/fuzz/fuzz_plan
fuzz_programs += tests/fuzz/fuzz_s3_keys
fuzz_programs += tests/fuzz/fuzz_s3_reply
fuzz_programs += tests/fuzz/fuzz_seal_header
fuzz_programs += tests/fuzz/fuzz_settings
fuzz_programs += tests/fuzz/fuzz_table
fuzz_programs += tests/fuzz/fuzz_timeline
fuzz_programs += tests/fuzz/fuzz_url
fuzz_programs += tests/fuzz/fuzz_wal_commit
fuzz_programs += tests/fuzz/fuzz_wal_header
fuzz_programs += tests/fuzz/fuzz_wal_object

check_PROGRAMS += $(fuzz_programs)

# What a program without an LDADD of its own is linked with: these are the fuzz targets. libFuzzer
# brings a main; with other compilers libreplay.a does, and the program replays its corpus.
if LIBFUZZER
LDADD = $(cli_link) $(FUZZER_LIBS)
else
LDADD = tests/fuzz/libreplay.a $(cli_link)
TESTS += $(fuzz_programs)
endif

check_LIBRARIES = tests/fuzz/libreplay.a
tests_fuzz_libreplay_a_SOURCES = tests/fuzz/replay.c

fuzz-programs: $(fuzz_programs)
.PHONY: fuzz-programs
