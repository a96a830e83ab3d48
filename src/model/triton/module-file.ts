/** Whether a file is that of a module model, by its name: JavaScript or TypeScript. */
export function isModuleFile(file: string): boolean {
  return /\.m?[jt]s$/.test(file);
}
