# The digest is that of the release's sources, which tools/packages/recipes fills in.
vcpkg_download_distfile(archive
    URLS "https://pypi.org/packages/source/k/keyfold/keyfold-${VERSION}.tar.gz"
    FILENAME "keyfold-${VERSION}.tar.gz"
    SHA512 00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000)
vcpkg_extract_source_archive(SOURCE_PATH ARCHIVE "${archive}")

vcpkg_configure_meson(SOURCE_PATH "${SOURCE_PATH}" OPTIONS -Dtests=false -Dxz=enabled -Dbzip2=enabled)
vcpkg_install_meson()
vcpkg_fixup_pkgconfig()
vcpkg_copy_tools(TOOL_NAMES keyfold AUTO_CLEAN)

# CMake's files find the library by where they lie, lib/cmake/keyfold: they stay there.
set(VCPKG_POLICY_SKIP_MISPLACED_CMAKE_FILES_CHECK enabled)
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
