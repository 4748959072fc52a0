"""HDF5, as far as it can be read without decoding a model's numbers: objects, links, attributes, bytes and text.

Specification: <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>; the numbers in comments are its
sections.
"""
