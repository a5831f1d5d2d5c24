# The dashboard: web/ is built once for all presets, compressed, and becomes a library of constant data.
option(SLUICE_DASHBOARD "Build the dashboard into the program (needs Node and npm)" ON)
set(SLUICE_WEB_DIR ${CMAKE_SOURCE_DIR}/build/web CACHE PATH "Where the dashboard is built, for all presets")

if(SLUICE_DASHBOARD)
  find_program(NPM npm)
  find_program(NODE NAMES node nodejs)
  if(NOT NPM OR NOT NODE)
    message(FATAL_ERROR "the dashboard is built with Node and npm, and ${CMAKE_COMMAND} found none: install nodejs and npm "
                        "(scripts/install-packages packages.txt does), or build without it: -DSLUICE_DASHBOARD=OFF")
  endif()
  file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/* ${CMAKE_SOURCE_DIR}/web/public/*)
  file(GLOB web_settings CONFIGURE_DEPENDS LIST_DIRECTORIES false ${CMAKE_SOURCE_DIR}/web/*)
  set(dashboard_files ${SLUICE_WEB_DIR}/embedded/files.cpp)
  add_custom_command(
    OUTPUT ${dashboard_files}
    COMMAND ${CMAKE_SOURCE_DIR}/scripts/build-web ${SLUICE_WEB_DIR}
    DEPENDS ${web_sources} ${web_settings} ${CMAKE_SOURCE_DIR}/scripts/build-web
    COMMENT "Building the dashboard"
    VERBATIM)
else()
  set(dashboard_files ${CMAKE_BINARY_DIR}/no_dashboard.cpp)
  file(CONFIGURE OUTPUT ${dashboard_files} CONTENT [[
#include "app/dashboard_files.hpp"
std::span<const sluice::api::DashboardFile> sluice::app::dashboard_files() { return {}; }
]])
endif()

add_library(sluice_dashboard_files STATIC ${dashboard_files})
target_link_libraries(sluice_dashboard_files PUBLIC sluice_api)
