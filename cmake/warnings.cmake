# One interface target that carries the warnings, the sanitizers and the hardening of every target.
add_library(mayfly_options INTERFACE)
target_include_directories(mayfly_options INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_options(mayfly_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Werror -fno-strict-aliasing -fvisibility=hidden)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees uninitialised values in std::expected and std::regex that are not there (GCC bug 105562).
  target_compile_options(mayfly_options INTERFACE -Wno-maybe-uninitialized)
endif()
target_compile_definitions(mayfly_options INTERFACE _GNU_SOURCE MAYFLY_VERSION="${PROJECT_VERSION}")
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(mayfly_options INTERFACE -fstack-protector-strong)
  target_compile_definitions(mayfly_options INTERFACE _FORTIFY_SOURCE=2)
endif()
if(MAYFLY_SANITIZE)
  target_compile_options(mayfly_options INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mayfly_options INTERFACE -fsanitize=address,undefined)
endif()
