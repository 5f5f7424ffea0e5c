# mayfly_embed(TARGET NAME=FILE[,FILE...]...): adds the bytes of the files, one after the other, to the target as
# `mayfly_embedded_NAME` up to `mayfly_embedded_NAME_end` (const char, C linkage). NAME= is no bytes. The assembler takes the bytes as they are (.incbin), so
# that a script stays a script in the tree; a change of the file builds the target anew.
enable_language(ASM)

function(mayfly_embed target)
  set(text "")
  set(files "")
  foreach(item IN LISTS ARGN)
    string(REGEX MATCH "^([a-z_]+)=(.*)$" matched "${item}")
    set(symbol mayfly_embedded_${CMAKE_MATCH_1})
    string(REPLACE "," ";" parts "${CMAKE_MATCH_2}")
    list(APPEND files ${parts})
    string(APPEND text ".global ${symbol}\n.global ${symbol}_end\n${symbol}:\n")
    foreach(part IN LISTS parts)
      string(APPEND text ".incbin \"${part}\"\n")
    endforeach()
    string(APPEND text "${symbol}_end:\n.byte 0\n")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded.S)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
    ".section .rodata\n${text}.section .note.GNU-stack,\"\",%progbits\n")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(${target} PRIVATE ${source})
endfunction()
