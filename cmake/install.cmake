# What `cmake --install` puts where. Paths that files name (the unit, the documentation) are those of the prefix given then.
include(GNUInstallDirs)

install(TARGETS sluice RUNTIME DESTINATION bin)
install(DIRECTORY docs/ DESTINATION share/doc/sluice FILES_MATCHING PATTERN "*.md")
install(FILES README.md CHANGELOG.md LICENSE DESTINATION share/doc/sluice)

# The shells' completions are what the program itself says of its commands.
set(SLUICE_COMPLETIONS ${CMAKE_BINARY_DIR}/completions)
add_custom_command(
  OUTPUT ${SLUICE_COMPLETIONS}/sluice ${SLUICE_COMPLETIONS}/_sluice
  COMMAND ${CMAKE_COMMAND} -E make_directory ${SLUICE_COMPLETIONS}
  COMMAND sluice completion bash > ${SLUICE_COMPLETIONS}/sluice
  COMMAND sluice completion zsh > ${SLUICE_COMPLETIONS}/_sluice
  DEPENDS sluice VERBATIM)
add_custom_target(completions ALL DEPENDS ${SLUICE_COMPLETIONS}/sluice ${SLUICE_COMPLETIONS}/_sluice)
install(FILES ${SLUICE_COMPLETIONS}/sluice DESTINATION share/bash-completion/completions)
install(FILES ${SLUICE_COMPLETIONS}/_sluice DESTINATION share/zsh/vendor-completions)

install(CODE "
  set(SLUICE_SOURCE \"${CMAKE_SOURCE_DIR}\")
  set(SLUICE_BUILD \"${CMAKE_BINARY_DIR}\")
")
install(CODE [[
  # A prefix of /usr has its configuration in /etc; any other keeps everything to itself.
  if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(SLUICE_CONFIG_DIR /etc/sluice)
  else()
    set(SLUICE_CONFIG_DIR ${CMAKE_INSTALL_PREFIX}/etc/sluice)
  endif()
  set(SLUICE_CONFIG ${SLUICE_CONFIG_DIR}/sluice.yaml)
  set(SLUICE_BINARY ${CMAKE_INSTALL_PREFIX}/bin/sluice)
  set(SLUICE_DOC_DIR ${CMAKE_INSTALL_PREFIX}/share/doc/sluice)
  configure_file(${SLUICE_SOURCE}/deploy/systemd/sluice.service.in ${SLUICE_BUILD}/deploy/sluice.service @ONLY)
  file(INSTALL ${SLUICE_BUILD}/deploy/sluice.service DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
  # A configuration that is there is somebody's.
  if(NOT EXISTS "$ENV{DESTDIR}${SLUICE_CONFIG}")
    file(INSTALL ${SLUICE_SOURCE}/deploy/sluice.yaml DESTINATION ${SLUICE_CONFIG_DIR})
  endif()
]])
