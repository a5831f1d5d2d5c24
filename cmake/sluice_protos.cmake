# The library of generated protobuf and gRPC code: every .proto under src/<folder>, in the folder layout of its package.
function(sluice_protos name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  find_program(PROTOC protoc REQUIRED)
  find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
  set(root ${CMAKE_SOURCE_DIR}/src/${name})
  set(out ${CMAKE_BINARY_DIR}/${name})
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${root} ${root}/*.proto)
  foreach(proto IN LISTS protos)
    string(REGEX REPLACE "\\.proto$" "" base ${proto})
    set(generated ${out}/${base}.pb.cc ${out}/${base}.pb.h ${out}/${base}.grpc.pb.cc ${out}/${base}.grpc.pb.h)
    add_custom_command(
      OUTPUT ${generated}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
      COMMAND ${PROTOC} -I${root} --cpp_out=${out} --grpc_out=${out} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${proto}
      DEPENDS ${root}/${proto}
      COMMENT "Generating ${proto}")
    list(APPEND sources ${generated})
  endforeach()
  add_library(sluice_${name} STATIC ${sources})
  # SYSTEM: warnings in generated code are nobody's to mend.
  target_include_directories(sluice_${name} SYSTEM PUBLIC ${out})
  target_compile_options(sluice_${name} PRIVATE -w)
  target_link_libraries(sluice_${name} PUBLIC ${ARG_LIBRARIES})
endfunction()
