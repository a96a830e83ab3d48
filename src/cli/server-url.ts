/** What people type for a server's address, as a URL: `localhost:8000` means http. */
export function serverUrl(text: string): string {
  return text.includes('://') ? text : `http://${text}`;
}
