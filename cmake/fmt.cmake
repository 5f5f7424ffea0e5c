# mayfly_fmt: {fmt} without a shared library, compiled once where the installed version allows it.
find_package(fmt REQUIRED)
try_compile(MAYFLY_FMT_INSTANCES ${CMAKE_BINARY_DIR}/fmt-check
  SOURCES ${PROJECT_SOURCE_DIR}/cmake/fmt/check.cc ${PROJECT_SOURCE_DIR}/cmake/fmt/instances.cc
  CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
if(MAYFLY_FMT_INSTANCES)
  add_library(mayfly_fmt STATIC ${PROJECT_SOURCE_DIR}/cmake/fmt/instances.cc)
else()
  message(STATUS "{fmt} ${fmt_VERSION}: header only, which compiles more slowly")
  add_library(mayfly_fmt INTERFACE)
  target_link_libraries(mayfly_fmt INTERFACE fmt::fmt-header-only)
endif()
