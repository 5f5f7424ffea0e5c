# mayfly_protos(TARGET FOLDER FILE...): a static library of the messages in FOLDER/FILE.proto, generated for
# protobuf's lite runtime, which is linked statically: nothing is loaded for it at a shim's start.
find_program(MAYFLY_PROTOC protoc REQUIRED)
find_library(MAYFLY_PROTOBUF_LITE libprotobuf-lite.a REQUIRED)
find_path(MAYFLY_PROTOBUF_INCLUDE google/protobuf/message_lite.h REQUIRED)

function(mayfly_protos target folder)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${folder})
  file(MAKE_DIRECTORY ${out})
  foreach(name IN LISTS ARGN)
    list(APPEND inputs ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/${name}.proto)
    list(APPEND sources ${out}/${name}.pb.cc)
    list(APPEND outputs ${out}/${name}.pb.cc ${out}/${name}.pb.h)
  endforeach()
  add_custom_command(OUTPUT ${outputs}
    COMMAND ${MAYFLY_PROTOC} --cpp_out=lite:${out} -I${CMAKE_CURRENT_SOURCE_DIR}/${folder} -I${PROJECT_SOURCE_DIR}/src/ttrpc/proto ${inputs}
    DEPENDS ${inputs} COMMENT "Generating the messages of ${folder}" VERBATIM)
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} SYSTEM PUBLIC ${CMAKE_CURRENT_BINARY_DIR} ${out} ${MAYFLY_PROTOBUF_INCLUDE})
  target_link_libraries(${target} PUBLIC ${MAYFLY_PROTOBUF_LITE})
  target_compile_options(${target} PRIVATE -w)
endfunction()
