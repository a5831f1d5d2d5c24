# Runs one fuzzer for SLUICE_FUZZ_SECONDS (default 10) over its committed corpus and a scratch folder.
set(seconds 10)
if(DEFINED ENV{SLUICE_FUZZ_SECONDS})
  set(seconds $ENV{SLUICE_FUZZ_SECONDS})
endif()
file(MAKE_DIRECTORY ${SCRATCH})
set(corpora ${SCRATCH})
if(EXISTS ${CORPUS})
  list(APPEND corpora ${CORPUS})
endif()
execute_process(COMMAND ${FUZZER} -max_total_time=${seconds} -max_len=65536 -timeout=20 -rss_limit_mb=2048
                        -print_final_stats=1 -verbosity=0 -artifact_prefix=${SCRATCH}/ ${corpora}
                RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${FUZZER} failed: ${status}; the input that did it is in ${SCRATCH}")
endif()
