// Vite's `?url` imports: the address under which a file is served.

declare module "*?url" {
  const url: string;
  export default url;
}
