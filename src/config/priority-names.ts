/** How urgent requests are, from least to most. */
export const PRIORITIES = ['sheddable', 'sheddable-plus', 'critical', 'critical-plus'] as const;
