/** The versions of the vendor's API; they differ in paths, names and the shape of errors. */
export type Version = 'v2' | 'v1.1'
